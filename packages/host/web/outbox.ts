// Mail for other domains: it is kept, and goes nowhere. Here it is looked at, or a message is sent to somebody here.
import { api } from './api.ts'
import type { View } from './app.ts'
import { fill, h, icon, unseen } from './dom.ts'
import { hueOf, longTime, octets, several, shortTime } from './format.ts'
import type { Live } from './live.ts'
import { mailHash } from './route.ts'

export class OutboxView implements View {
  readonly element: HTMLElement
  readonly #list = h('ul', { class: 'messages' })
  readonly #note = h('p', { class: 'note' })
  #isShown = false

  constructor(live: Live) {
    this.element = h(
      'div',
      { class: 'page' },
      h(
        'section',
        { 'aria-labelledby': 'outbox-title' },
        h('h1', { id: 'outbox-title' }, 'Outbox'),
        h(
          'p',
          {},
          'Mail that the accounts have sent to other domains. It stays here: nothing leaves this machine.',
        ),
        this.#note,
        this.#list,
      ),
      testForm(),
    )
    live.on('mail', ({ folder }) => {
      if (this.#isShown && folder === 'Outbox') this.refresh()
    })
  }

  show(): void {
    this.#isShown = true
    document.title = 'Outbox'
    this.refresh()
  }

  leave(): void {
    this.#isShown = false
  }

  async refresh(): Promise<void> {
    const { held, queued } = await api.outbox()
    const waiting = queued > 0 ? ` ${several(queued, 'message')} more in the queue of an earlier server.` : ''
    fill(
      this.#note,
      `${held.length === 0 ? 'Nothing is held.' : `${several(held.length, 'message')} held.`}${waiting}`,
    )
    fill(
      this.#list,
      ...held.map(({ account, folder, message }) => {
        const face = h('span', { class: 'face', 'aria-hidden': 'true' }, account.slice(0, 1).toUpperCase())
        face.style.setProperty('--hue', String(hueOf(account)))
        const to = message.to.map(({ name, address }) => name || address).join(', ')
        return h(
          'li',
          {},
          h(
            'a',
            { href: mailHash({ account, folder, uid: message.uid }) },
            face,
            h('span', { class: 'who' }, `${account} to ${to || 'nobody named'}`),
            h(
              'time',
              { datetime: message.arrived, title: longTime(message.arrived) },
              shortTime(message.arrived),
            ),
            h('span', { class: 'subject' }, message.subject || '(no subject)'),
            h('span', { class: 'preview' }, `${octets(message.size)} · ${message.preview}`),
          ),
        )
      }),
    )
  }
}

function testForm(): HTMLElement {
  const to = h('input', {
    name: 'to',
    type: 'email',
    required: true,
    list: 'accounts',
    autocomplete: 'off',
    maxlength: 320,
  })
  const subject = h('input', {
    name: 'subject',
    value: 'A test message',
    maxlength: 500,
    autocomplete: 'off',
  })
  const text = h('textarea', { name: 'text', rows: 5, maxlength: 5000 })
  text.value = 'Your code is 482 913. Or follow https://shop.example/confirm?token=abc.\n'
  const result = h('p', { class: 'result', role: 'status' })
  const accounts = h('datalist', { id: 'accounts' })
  api.accounts().then(
    all => {
      fill(accounts, ...all.map(({ address }) => h('option', { value: address })))
      to.value ||= all[0]?.address ?? ''
    },
    () => {},
  )
  const send = async (event: Event): Promise<void> => {
    event.preventDefault()
    fill(result, 'Sending …')
    try {
      await api.send({ to: to.value, subject: subject.value, text: text.value })
      result.dataset['result'] = 'good'
      fill(result, 'Sent, by SMTP: the session is under Sessions.')
    } catch (error) {
      result.dataset['result'] = 'bad'
      fill(result, (error as Error).message)
    }
  }
  return h(
    'form',
    { class: 'card', onsubmit: send, 'aria-labelledby': 'test-title' },
    h('h2', { id: 'test-title' }, 'Send a test message'),
    h('p', {}, 'From outside, through the SMTP server: with text, HTML and an attachment.'),
    h('label', {}, 'To', to),
    accounts,
    h('label', {}, 'Subject', subject),
    h('label', {}, 'Text', text),
    h(
      'div',
      { class: 'row' },
      h(
        'button',
        { class: 'button primary' },
        icon('sent'),
        h('span', {}, 'Send'),
        unseen(' the test message'),
      ),
      result,
    ),
  )
}
