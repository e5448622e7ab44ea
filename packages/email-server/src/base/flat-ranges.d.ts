declare module 'flat-ranges' {
  export function add(ranges: number[], more: readonly number[]): boolean
  export function remove(ranges: number[], less: readonly number[]): boolean
}
