// The reference evaluators of THREAD (RFC 5256 §3): ORDEREDSUBJECT and REFERENCES. Nothing recurses: a discussion may be as long as
// the folder.
import { messageIdsIn } from '../mime/index.ts'
import { decodeEncodedWords } from '../text/index.ts'
import { baseSubject, collationKey } from './base-subject.ts'
import type { ThreadAlgorithm, ThreadNode } from './search.ts'
import { type SortSubject, sentTime } from './sort.ts'

export interface ThreadSubject extends SortSubject {
  /** The text of the References field; null when there is none. */
  readonly references: string | null
}

/** The subjects must come in the order of the folder. */
export function threadMessages(
  algorithm: ThreadAlgorithm,
  subjects: readonly ThreadSubject[],
): readonly ThreadNode[] {
  const roots = algorithm === 'ORDEREDSUBJECT' ? bySubject(subjects) : byReferences(subjects)
  return roots.map(publicNode)
}

/** References of one message that count, from the last: nobody reads longer ancestries. */
const MOST_REFERENCES = 500
/** Generations that are looked through for a loop. */
const MOST_GENERATIONS = 1000

interface Node {
  /** Null: nobody has seen the message. */
  readonly uid: number | null
  readonly sent: number
  readonly subject: string
  readonly isReply: boolean
  parent: Node | null
  children: Node[]
}

function nodeOf(subject: ThreadSubject | null): Node {
  if (!subject) return { uid: null, sent: 0, subject: '', isReply: false, parent: null, children: [] }
  const base = baseSubject(decodeEncodedWords(subject.envelope.subject ?? ''))
  return {
    uid: subject.meta.uid,
    sent: sentTime(subject),
    subject: collationKey(base.text),
    isReply: base.isReply,
    parent: null,
    children: [],
  }
}

function bySubject(subjects: readonly ThreadSubject[]): Node[] {
  const threads = new Map<string, Node[]>()
  for (const subject of subjects) {
    const node = nodeOf(subject)
    const thread = threads.get(node.subject)
    if (thread) thread.push(node)
    else threads.set(node.subject, [node])
  }
  const roots: Node[] = []
  for (const thread of threads.values()) {
    const [root, ...rest] = thread.sort(bySent)
    root!.children = rest
    roots.push(root!)
  }
  return roots.sort(bySent)
}

function byReferences(subjects: readonly ThreadSubject[]): Node[] {
  const all = linked(subjects)
  const roots = pruned(all.filter(node => node.parent === null))
  // (4)
  roots.sort(byFirst)
  const merged = mergedBySubject(roots)
  sortSiblings(merged)
  return merged.sort(byFirst)
}

/** (1): every message, and those that are only known from references, with their parents. */
function linked(subjects: readonly ThreadSubject[]): Node[] {
  const byId = new Map<string, Node>()
  const nodes = subjects.map(subject => {
    const node = nodeOf(subject)
    const [id] = idsIn(subject.envelope.messageId ?? '')
    // of two with one id the first has it
    if (id !== undefined && !byId.has(id)) byId.set(id, node)
    return node
  })
  const unseen: Node[] = []
  const named = (id: string): Node => {
    let node = byId.get(id)
    if (!node) {
      node = nodeOf(null)
      byId.set(id, node)
      unseen.push(node)
    }
    return node
  }
  subjects.forEach((subject, i) => {
    const node = nodes[i]!
    let last: Node | null = null
    for (const id of ancestry(subject)) {
      const next = named(id)
      // (A) a link that is there stays
      if (last && next.parent === null && !isAbove(next, last)) adopt(last, next)
      last = next
    }
    // (B) the last reference is the parent, whatever was thought before
    node.parent = null
    if (last && !isAbove(node, last)) adopt(last, node)
  })
  const all = [...nodes, ...unseen]
  // who has found a better parent is still named by the first one
  for (const node of all) node.children = [...new Set(node.children)].filter(child => child.parent === node)
  return all
}

function ancestry({ references, envelope }: ThreadSubject): readonly string[] {
  const ids = references === null ? [] : idsIn(references)
  return ids.length > 0 ? ids.slice(-MOST_REFERENCES) : idsIn(envelope.inReplyTo ?? '').slice(0, 1)
}

/** One spelling for what may be quoted or not (RFC 5256 §3). */
function idsIn(text: string): string[] {
  return messageIdsIn(text).map(id => id.replace(/["\\]/g, ''))
}

/** Is `node` the other one, or one of its ancestors? So it is taken where the ancestry is too long to be looked through. */
function isAbove(node: Node, other: Node): boolean {
  if (node === other) return true
  // who has no children is nobody's ancestor
  if (node.children.length === 0) return false
  let generations = 0
  for (let at = other.parent; at; at = at.parent)
    if (at === node || ++generations > MOST_GENERATIONS) return true
  return false
}

function adopt(parent: Node, child: Node): void {
  child.parent = parent
  parent.children.push(child)
}

/** (3): those that nobody has seen go, their children take their place; below the root only a single child does. */
function pruned(roots: readonly Node[]): Node[] {
  for (const node of childrenFirst(roots))
    node.children = node.children.flatMap(child => (child.uid === null ? child.children : [child]))
  return roots.flatMap(root => {
    if (root.uid !== null) return [root]
    return root.children.length <= 1 ? root.children : [root]
  })
}

/** (5): threads of one subject become one. */
function mergedBySubject(roots: readonly Node[]): Node[] {
  const table = new Map<string, Node>()
  for (const root of roots) {
    const subject = subjectOf(root)
    if (subject === '') continue
    const held = table.get(subject)
    const better = held && held.uid !== null && (root.uid === null || (held.isReply && !root.isReply))
    if (!held || better) table.set(subject, root)
  }
  const out: (Node | null)[] = [...roots]
  const places = new Map(roots.map((root, i) => [root, i]))
  roots.forEach((root, i) => {
    const subject = subjectOf(root)
    const held = subject === '' ? root : table.get(subject)!
    if (held === root) return
    out[i] = null
    if (held.uid === null && root.uid === null) held.children.push(...root.children)
    else if (held.uid === null || (root.isReply && !held.isReply)) held.children.push(root)
    else {
      const both = nodeOf(null)
      both.children.push(held, root)
      table.set(subject, both)
      // it stands where the other one stood
      const place = places.get(held)!
      out[place] = both
      places.set(both, place)
    }
  })
  return out.filter(node => node !== null)
}

/** The thread's subject: that of its first message. */
function subjectOf(root: Node): string {
  return root.uid === null ? (root.children[0]?.subject ?? '') : root.subject
}

/** (6): the youngest siblings are put in order first. */
function sortSiblings(roots: readonly Node[]): void {
  for (const node of childrenFirst(roots)) node.children.sort(byFirst)
}

/** Every node behind its children. */
function childrenFirst(roots: readonly Node[]): Node[] {
  const out: Node[] = []
  const stack = [...roots]
  while (stack.length > 0) {
    const node = stack.pop()!
    out.push(node)
    for (const child of node.children) stack.push(child)
  }
  return out.reverse()
}

function bySent(a: Node, b: Node): number {
  return a.sent - b.sent || (a.uid ?? 0) - (b.uid ?? 0)
}

/** As `bySent`; who was not seen counts as the first of his children. */
function byFirst(a: Node, b: Node): number {
  return bySent(seen(a), seen(b))
}

function seen(node: Node): Node {
  if (node.uid !== null) return node
  let first = node.children[0] ?? node
  for (const child of node.children) if (bySent(child, first) < 0) first = child
  return first
}

/** The tree as handlers answer it, made without recursion. */
function publicNode(root: Node): ThreadNode {
  const made = new Map<Node, ThreadNode>()
  for (const node of childrenFirst([root])) {
    made.set(node, { uid: node.uid, children: node.children.map(child => made.get(child)!) })
  }
  return made.get(root)!
}
