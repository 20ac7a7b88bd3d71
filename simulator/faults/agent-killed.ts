/** `kill -9` of the agent: the box and its clocks go on, and the supervisor starts it again. */
import { type Fault, MINUTE_MS } from './fault.js';

export const agentKilled: Fault = {
  id: 'agent-killed',
  words: 'agents killed',
  everyMs: 25 * MINUTE_MS,
  strike({ counter, scheduler, chance }) {
    if (!counter.box.isRunning) return false;
    counter.box.cutPower('killed');
    scheduler.after(chance.between(300, 3_000), () => counter.box.startAgent());
    return true;
  },
};
