// How far a folder has come: what was brought over is not asked for again. UIDs ascend and are never given twice under one UIDVALIDITY
// (RFC 9051 §2.3.1.1), so one number is enough.
import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'

export interface TransferMark {
  readonly folderId: number
  readonly direction: 'in' | 'out'
  /** Whose mail, and on which server: `alice@imap.example.com`. */
  readonly place: string
  readonly remoteFolder: string
  /** Of the folder there. */
  readonly uidValidity: number
}

/** The last UID that is done with; 0: none is, or the folder there is another one now. */
export async function readMark(db: Kysely<Tables>, mark: TransferMark): Promise<number> {
  const row = await db
    .selectFrom('transfer_marks')
    .select(['uid_validity', 'uid'])
    .where('folder_id', '=', mark.folderId)
    .where('direction', '=', mark.direction)
    .where('place', '=', mark.place)
    .where('remote_folder', '=', mark.remoteFolder)
    .executeTakeFirst()
  return row?.uid_validity === mark.uidValidity ? row.uid : 0
}

export async function writeMark(db: Kysely<Tables>, mark: TransferMark, uid: number): Promise<void> {
  const { folderId, direction, place, remoteFolder, uidValidity } = mark
  await db
    .insertInto('transfer_marks')
    .values({
      folder_id: folderId,
      direction,
      place,
      remote_folder: remoteFolder,
      uid_validity: uidValidity,
      uid,
    })
    .onConflict(conflict =>
      conflict
        .columns(['folder_id', 'direction', 'place', 'remote_folder'])
        .doUpdateSet({ uid_validity: uidValidity, uid }),
    )
    .execute()
}
