// The keys, told when somebody asks.
import { h } from './dom.ts'

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['j', '↓'], 'the next in the list'],
  [['k', '↑'], 'the one before'],
  [['Enter'], 'open'],
  [['Esc'], 'back to the list'],
  [['/'], 'search this folder'],
  [['u'], 'read or unread'],
  [['Delete', '#'], 'remove the message'],
  [['←', '→'], 'among the tabs of a message'],
  [['?'], 'this list'],
]

export function openShortcuts(): void {
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'keys-title' },
    h('h2', { id: 'keys-title' }, 'Keys'),
    h(
      'dl',
      { class: 'keys' },
      ...KEYS.map(([keys, what]) =>
        h('div', {}, h('dt', {}, ...keys.map(key => h('kbd', {}, key))), h('dd', {}, what)),
      ),
    ),
    h('form', { method: 'dialog' }, h('button', { class: 'button primary' }, 'Close')),
  )
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
