import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults, RunOptions } from 'axe-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OPTIONS: RunOptions = {
  // Experimental, and wrong about initials that are hidden from assistive technology.
  rules: { 'label-content-name-mismatch': { enabled: false } },
  resultTypes: ['violations'],
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
};

/** What keeps people with assistive technology out: serious and critical findings, one a line. */
export async function barriers(page: Page): Promise<string[]> {
  // In the page's own world, so that its content security policy does not count.
  await page.evaluate(SOURCE);
  const found = (await page.evaluate((options) => (globalThis as unknown as { axe: { run(o: unknown): Promise<unknown> } }).axe.run(options), OPTIONS)) as AxeResults;
  const grave = found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  return grave.flatMap((one) => one.nodes.map((node) => `${one.id}: ${one.help}\n  ${node.html}\n  ${node.any.map((check) => check.message).join('; ')}`));
}
