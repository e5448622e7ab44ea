// The failure script: what the SMTP server answers instead of its own replies.
import type { FailureView } from '../src/web/api-types.ts'
import { api } from './api.ts'
import type { View } from './app.ts'
import { button, fill, h, icon, unseen } from './dom.ts'
import { several } from './format.ts'
import type { Live } from './live.ts'

const COMMANDS: readonly (readonly [command: string, label: string])[] = [
  ['CONNECT', 'CONNECT – the greeting'],
  ['EHLO', 'EHLO'],
  ['STARTTLS', 'STARTTLS'],
  ['AUTH', 'AUTH – logging in'],
  ['MAIL', 'MAIL – the sender'],
  ['RCPT', 'RCPT – a recipient'],
  ['DATA', 'DATA'],
  ['BDAT', 'BDAT'],
  ['.', '. – the end of the message'],
  ['QUIT', 'QUIT'],
]
const EXAMPLES: readonly (readonly [label: string, command: string, reply: string, times: string])[] = [
  ['Greylisting', 'RCPT', '451 4.7.1 Greylisted, try again later', '2'],
  ['Mailbox full', 'RCPT', '452 4.2.2 The mailbox is full', '1'],
  ['Nobody there', 'RCPT', '550 5.1.1 There is nobody of that name', '1'],
  ['Wrong password', 'AUTH', '535 5.7.8 Authentication failed', '1'],
  ['Going down', 'CONNECT', '421 4.3.2 Going down', '1'],
  ['Lost connection', 'DATA', 'reset', '1'],
]

export class FailuresView implements View {
  readonly element: HTMLElement
  readonly #list = h('ul', { class: 'failures' })
  readonly #note = h('p', { class: 'note' })
  readonly #reset: HTMLElement

  constructor(live: Live) {
    this.#reset = button('trash', 'Reset: answer as usual', async () => this.#draw(await api.clearFailures()))
    this.element = h(
      'div',
      { class: 'page' },
      h(
        'section',
        { 'aria-labelledby': 'failures-title' },
        h('h1', { id: 'failures-title' }, 'Failures'),
        h(
          'p',
          {},
          'What the SMTP server answers instead of its own replies: so you see what your program does when mail fails.',
        ),
        this.#note,
        this.#list,
        this.#reset,
      ),
      this.#form(),
    )
    live.on('failures', failures => this.#draw(failures))
  }

  show(): void {
    document.title = 'Failures'
    this.refresh()
  }

  async refresh(): Promise<void> {
    this.#draw(await api.failures())
  }

  #draw(failures: readonly FailureView[]): void {
    const active = failures.filter(({ left }) => left !== 0).length
    this.#note.hidden = failures.length > 0
    fill(this.#note, 'Nothing fails: the server answers as usual.')
    this.#reset.hidden = failures.length === 0
    this.#reset.classList.toggle('primary', active > 0)
    fill(
      this.#list,
      ...failures.map(({ id, command, reply, left, given }) =>
        h(
          'li',
          { class: left === 0 ? 'over' : '' },
          h('code', { class: 'command' }, command),
          h('span', { class: 'reply' }, reply === 'reset' ? 'the connection breaks' : h('code', {}, reply)),
          h(
            'span',
            { class: 'left' },
            left === null
              ? 'always'
              : left === 0
                ? 'used up'
                : `${left} more ${left === 1 ? 'time' : 'times'}`,
            given > 0 && `, given ${several(given, 'time')}`,
          ),
          h(
            'button',
            {
              class: 'quiet',
              type: 'button',
              title: 'Remove',
              onclick: async () => this.#draw(await api.removeFailure(id)),
            },
            icon('trash'),
            unseen(`Remove ${command}`),
          ),
        ),
      ),
    )
  }

  #form(): HTMLElement {
    const command = h(
      'select',
      { name: 'command' },
      ...COMMANDS.map(([value, label]) => h('option', { value }, label)),
    )
    const reply = h('input', {
      name: 'reply',
      required: true,
      maxlength: 400,
      autocomplete: 'off',
      spellcheck: 'false',
    })
    const times = h('input', { name: 'times', type: 'number', min: 1, max: 1000000, placeholder: 'always' })
    const result = h('p', { class: 'result', role: 'status' })
    const take = (example: (typeof EXAMPLES)[number]): void => {
      ;[, command.value, reply.value, times.value] = example
    }
    take(EXAMPLES[0]!)
    const add = async (event: Event): Promise<void> => {
      event.preventDefault()
      try {
        await api.addFailure({
          command: command.value,
          reply: reply.value,
          times: times.value === '' ? null : Number(times.value),
        })
        fill(result)
        await this.refresh()
      } catch (error) {
        result.dataset['result'] = 'bad'
        fill(result, (error as Error).message)
      }
    }
    return h(
      'form',
      { class: 'card', onsubmit: add, 'aria-labelledby': 'add-title' },
      h('h2', { id: 'add-title' }, 'Add a failure'),
      h(
        'div',
        { class: 'examples', role: 'group', 'aria-label': 'Examples' },
        ...EXAMPLES.map(example =>
          h('button', { type: 'button', class: 'chip', onclick: () => take(example) }, example[0]),
        ),
      ),
      h('label', {}, 'Command', command),
      h('label', {}, 'Reply (“reset” breaks the connection)', reply),
      h('label', {}, 'How often, then the server answers by itself again', times),
      h(
        'div',
        { class: 'row' },
        h('button', { class: 'button primary' }, icon('plus'), h('span', {}, 'Add'), unseen(' the failure')),
        result,
      ),
    )
  }
}
