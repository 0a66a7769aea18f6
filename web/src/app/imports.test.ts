import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';

const SRC = resolve(__dirname, '..');

function* files(): Generator<string> {
  for (const name of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) if (/\.tsx?$/.test(name)) yield name;
}

/** `features/timeline` or `shared`: what a file belongs to. */
function partOf(path: string): string {
  const [layer = '', feature = ''] = path.split('/');
  return layer === 'features' ? `${layer}/${feature}` : layer;
}

it('shared ← features ← app, and no feature knows another', () => {
  const wrong: string[] = [];
  for (const file of files()) {
    const from = partOf(file);
    for (const [, target = ''] of readFileSync(join(SRC, file), 'utf8').matchAll(/from '(\.[^']+)'/g)) {
      const to = partOf(relative(SRC, resolve(dirname(join(SRC, file)), target)));
      if (to !== from && to !== 'shared' && from !== 'app') wrong.push(`${file} → ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

it('only the SDK talks to the server', () => {
  const wrong = [...files()].filter((file) => !file.includes('.test.') && /\bfetch\(|new WebSocket|XMLHttpRequest|dangerouslySetInnerHTML|\.innerHTML/.test(readFileSync(join(SRC, file), 'utf8')));
  expect(wrong).toEqual([]);
});
