/**
 * A broker that loads the MQTT client on first use.
 *
 * The client takes as long to load as everything else between the agent's start and its first till request. The uplink can
 * wait a moment; a till's first amount can't.
 */
import type { Broker, BrokerEvents } from '../ports/broker.js';

/** `load` runs once, and again only after a failure. */
export function lateBroker(load: () => Promise<Broker>): Broker {
  let broker: Broker | undefined;
  /** The attempt that waits for the code; a later attempt or a discard replaces it. */
  let waiting: BrokerEvents | undefined;
  let isLoading = false;

  return {
    connect(events) {
      if (broker !== undefined) {
        broker.connect(events);
        return;
      }
      waiting = events;
      if (isLoading) return;
      isLoading = true;
      load().then(
        (loaded) => {
          broker = loaded;
          const then = waiting;
          waiting = undefined;
          if (then !== undefined) loaded.connect(then);
        },
        (error: unknown) => {
          isLoading = false;
          const then = waiting;
          waiting = undefined;
          then?.onDown({ code: 'LINE_BROKEN', what: error instanceof Error ? error.message : String(error) });
        },
      );
    },
    publish: (topic, payload, retain) => broker?.publish(topic, payload, retain) ?? false,
    discard() {
      waiting = undefined;
      broker?.discard();
    },
  };
}
