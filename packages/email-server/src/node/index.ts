export { composeMessage } from './compose.ts'
export { nodeRuntime } from './runtime.ts'
export { turn } from './turn.ts'
