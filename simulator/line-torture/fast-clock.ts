/** A device's clock that runs many times as fast as life, so that its timeouts of minutes are over in seconds. Sockets are as slow as ever. */
import { systemClock } from '#device/adapters/system-clock.js';
import type { Clock } from '#device/ports/clock.js';
import { type MonoMs, monoMs } from '#protocol/kernel/time.js';

export function fastClock(speed: number): Clock {
  const real = systemClock();
  const began = performance.now();
  const mono = (): MonoMs => monoMs((performance.now() - began) * speed);
  return {
    mono,
    wakeAt(at, ring) {
      let cancel = (): void => {};
      const wait = (): void => {
        const left = (at - mono()) / speed;
        if (left <= 0) ring();
        else cancel = real.wakeAt(monoMs(real.mono() + Math.ceil(left)), wait);
      };
      // Never at once: who sets an alarm does not expect it before it has returned.
      cancel = real.wakeAt(monoMs(real.mono() + Math.max(0, Math.ceil((at - mono()) / speed))), wait);
      return () => cancel();
    },
  };
}
