export interface OpenOptions {
  /** For all that is read through the view, unless a call has its own. */
  readonly signal?: AbortSignal | undefined;
}
