// dns/: the Resolver port with its cache, and the codec of DNS messages. The sockets are in node/.

export { answersQuestion, CNAME_LIMIT, toAnswer } from './answer.ts'
export { type Ask, type AskOptions, TimedQuestions, withinTime } from './ask.ts'
export {
  CLASS_IN,
  type DnsMessage,
  type DnsQuestion,
  RCODE,
  type ResourceRecord,
  readMessage,
  TYPE_NUMBERS,
  UDP_PAYLOAD,
  writeMessage,
  writeQuery,
} from './message.ts'
export { queryName } from './names.ts'
export {
  CachingResolver,
  type CachingResolverOptions,
  type ResolveOptions,
  type Resolver,
} from './resolver.ts'
