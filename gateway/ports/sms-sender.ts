/** Sends a text to a phone. An operator's service provides it; no implementation may log the text. */
export interface SmsSender {
  /** `phone`: eleven digits. Calls `done` once the service has accepted it; delivery to the phone is unknown. */
  send(message: { readonly phone: string; readonly text: string }, done: (error: Error | undefined) => void): void;
}
