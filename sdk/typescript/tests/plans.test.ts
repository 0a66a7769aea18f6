import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Player, type Plan } from './plan-player.js';
import { makePlan } from './plans.js';
import { fakeTime } from './support.js';

const FILE = process.env['TERTULIA_PLANS'];
const RUNS = Number(process.env['PLAN_RUNS'] ?? 60);
const FIRST = Number(process.env['PLAN_SEED'] ?? 1);

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

/** The plans of a file, or our own. */
function plans(): Plan[] {
  if (FILE === undefined) return Array.from({ length: RUNS }, (_, i) => makePlan(FIRST + i));
  const read = readFileSync(FILE, 'utf8').split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Plan);
  if (read.length === 0) throw new Error(`${FILE} has no plans`);
  return read;
}

describe('comes to the copy that the plan says', () => {
  it.each(plans().map((plan): [string, Plan] => [String(plan.seed), plan]))('seed %s', async (_, plan) => {
    // As from a file: nothing is shared with who made it.
    expect(await new Player(JSON.parse(JSON.stringify(plan)) as Plan).play()).toEqual([]);
  }, 20_000);
});

it('finds a copy that is not what the plan says', async () => {
  const plan = makePlan(1);
  const [id] = Object.keys(plan.final).filter((one) => (plan.final[one]?.messages.length ?? 0) > 0);
  const end = plan.final[id ?? ''];
  if (!end) throw new Error('this seed says nothing');
  end.messages = end.messages.map((message, i) => (i === 0 ? { ...message, text: 'something else' } : message));
  expect(await new Player(plan).play()).toContainEqual(expect.stringContaining('something else'));
});
