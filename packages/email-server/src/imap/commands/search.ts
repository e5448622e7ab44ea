// SEARCH and UID SEARCH (RFC 3501 §6.4.4); with RETURN the answer is ESEARCH (RFC 4731, in ext/esearch.ts).
import { closedRanges } from '../../base/ranges.ts'
import { uidsInQuestion } from '../../mailbox/index.ts'
import type { CommandSpec } from '../extension.ts'
import { type SearchRequest, search as searchArgs } from '../grammar/search.ts'
import { partly, withinLimit } from '../message-limit.ts'
import { answerFound, charsetRefusal, checkReturns, criteriaOf, matching } from './searching.ts'

export const search: CommandSpec<SearchRequest> = {
  name: 'SEARCH',
  rfc: '3501 §6.4.4',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'small',
  args: searchArgs,
  async run(cx, { returns, charset, criteria }) {
    checkReturns(cx, returns)
    const key = criteriaOf(cx, criteria)
    // a search that fails leaves an empty result, not the old one (RFC 5182 §2.1)
    if (returns?.some(({ name }) => cx.words.searchReturn(name)?.saves)) cx.folder.saved = []
    const refusal = charsetRefusal(cx, charset)
    if (refusal) return refusal
    const { uids, code } = withinLimit(cx, uidsInQuestion(key, cx.folder.view.all()))
    const among = { key: 'uid', ranges: closedRanges(uids) } as const
    const found = await matching(cx, code === null ? key : { key: 'and', keys: [among, key] })
    await answerFound(cx, 'SEARCH', { uids: found, order: null }, key, returns)
    return partly(cx, code, undefined, 'SEARCH')
  },
}
