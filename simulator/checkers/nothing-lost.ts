import type { Books, Checker, CounterBooks } from './books.js';

/** The gateway's copy of a journal is what was written, no more and no less; and no counter is called a fork that is none. */
export const nothingLost: Checker = {
  name: 'nothing lost',
  promise: 'everything journalled and acknowledged is in the ledger, word for word, and at quiet everything is',
  watch(books) {
    return {
      seen(event) {
        if (event.kind === 'acknowledged') return acknowledgedIsThere(books, event.counter);
        if (event.kind !== 'booked') return undefined;
        for (const { device, first, bodies } of event.changes.chunks) {
          const counter = books.counters.find((candidate) => candidate.device === device);
          if (counter === undefined) continue;
          // Of a counter with an older journal under it, too: what it writes now stands where other records are known.
          const wrong = bodies.findIndex((body, index) => counter.tape[first - 1 + index]?.body !== body);
          if (wrong >= 0) return `${device}: the ledger took a record ${first + wrong} that was never written so`;
        }
        for (const { device, fork, seq } of event.changes.devices) {
          const counter = books.counters.find((candidate) => candidate.device === device);
          if (counter === undefined || counter.isForged) continue;
          if (fork !== null) return `${device} is called a fork at ${fork.seq}, and its journal is the true one`;
          if (seq > counter.tape.length) return `the ledger has ${seq} records of ${device}, which has written fewer`;
        }
        return undefined;
      },
      atQuiet() {
        for (const counter of books.counters) {
          const has = books.ledger.device(counter.device);
          if (counter.isForged) continue;
          const written = counter.tape.length;
          if ((has?.seq ?? 0) !== written)
            return `${counter.device} has written ${written} records, the ledger has ${has?.seq ?? 0}`;
          if (counter.disk.acknowledged.seq !== written)
            return `${counter.device}: outbox not empty, ${counter.disk.acknowledged.seq} of ${written} acknowledged`;
        }
        return undefined;
      },
    };
  },
};

function acknowledgedIsThere(books: Books, counter: CounterBooks): string | undefined {
  if (counter.isForged) return undefined;
  const has = books.ledger.device(counter.device)?.seq ?? 0;
  const { seq } = counter.disk.acknowledged;
  return seq <= has ? undefined : `${counter.device} was told "have ${seq}", and the ledger has ${has}`;
}
