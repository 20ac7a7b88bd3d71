/** Sends a text to a phone. An operator's own service stands behind it; no implementation writes what it sends to a log. */
export interface SmsSender {
  /** `phone`: eleven digits. `done` as soon as the service has it; when it reaches the phone nobody knows. */
  send(message: { readonly phone: string; readonly text: string }, done: (error: Error | undefined) => void): void;
}
