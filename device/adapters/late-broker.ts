/**
 * A broker whose code is loaded when the line is first wanted. The MQTT client takes as long to load as everything else
 * between the start of the agent and its first till; the line can follow a moment later, a till's first amount can't.
 */
import type { Broker, BrokerEvents } from '../ports/broker.js';

/** `load` is asked once, and again only where it failed. */
export function lateBroker(load: () => Promise<Broker>): Broker {
  let broker: Broker | undefined;
  /** The attempt that waits for the code; a later one, or a discard, takes its place. */
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
