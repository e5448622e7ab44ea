// How to reach a bucket; apart from the code that does, whose library has types of its own.
export interface S3Options {
  /**
   * The service, as `http(s)://host[:port]`; buckets are the first part of the path. Default: Amazon's, in `region`.
   */
  readonly endpoint?: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
  /** How long the service may take until it begins to answer, ms. Default 30,000. Uploads get a second more for each 64 KiB. */
  readonly timeout?: number
}
