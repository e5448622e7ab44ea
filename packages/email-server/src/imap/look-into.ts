// Reading in a folder that is not the open one: the backend opens it for a moment, behind the back of the one that is open.
import type { OpenedFolder } from '../mailbox/index.ts'
import type { CommandContext } from './context.ts'

export async function lookInto<T>(
  cx: CommandContext,
  name: string,
  look: (opened: OpenedFolder) => Promise<T>,
): Promise<T> {
  const { mailbox: backend } = cx
  const opened = await backend.ask('openFolder', [name], { readOnly: true })
  const before = backend.currentFolder
  backend.currentFolder = name
  try {
    return await look(opened)
  } finally {
    if (!cx.over) backend.currentFolder = before
    // news of the open folder may have been kept from us meanwhile
    if (cx.state.kind === 'selected') cx.folder.news.lookForNew()
  }
}
