import { describe, expect, it, vi } from 'vitest';
import { later } from '#protocol/kernel/time.js';
import { systemClock, systemRandom } from './system-clock.js';

describe('the system clock', () => {
  it('never rings before the time that was asked for', async () => {
    const clock = systemClock();
    for (const wait of [0, 1, 3, 7, -5]) {
      const at = later(clock.mono(), wait);
      await new Promise<void>((resolve) => clock.wakeAt(at, resolve));
      expect(clock.mono()).toBeGreaterThanOrEqual(at);
    }
  });

  it('does not ring once it was cancelled', () => {
    vi.useFakeTimers();
    try {
      const clock = systemClock();
      const ring = vi.fn();
      clock.wakeAt(later(clock.mono(), 1_000), ring)();
      vi.advanceTimersByTime(2_000);
      expect(ring).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits longer than one timer can', () => {
    vi.useFakeTimers();
    try {
      const clock = systemClock();
      const ring = vi.fn();
      clock.wakeAt(later(clock.mono(), 2 ** 32), ring);
      vi.advanceTimersByTime(2 ** 32 - 2);
      expect(ring).not.toHaveBeenCalled();
      vi.advanceTimersByTime(4);
      expect(ring).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('chance', () => {
  it('lies in [0, 1), and its bytes are as many as asked for', () => {
    for (let n = 0; n < 1_000; n++) {
      const value = systemRandom.next();
      expect(value >= 0 && value < 1).toBe(true);
    }
    expect(systemRandom.hex(5)).toMatch(/^[0-9a-f]{10}$/);
  });
});
