import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { compress } from './build/compress.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Where `npm run dev` finds a running server. */
const server = process.env.TERTULIA_URL ?? 'http://localhost:7070';

export default defineConfig({
  plugins: [react(), compress()],
  resolve: {
    alias: [
      { find: '@tertulia/client/react', replacement: here('../sdk/typescript/src/react.ts') },
      { find: '@tertulia/client', replacement: here('../sdk/typescript/src/index.ts') },
    ],
    dedupe: ['react', 'react-dom'],
  },
  build: { target: 'es2022', cssTarget: 'chrome111', assetsInlineLimit: 0, reportCompressedSize: true },
  server: {
    // The server accepts only its own origin.
    proxy: { '/api': { target: server, ws: true, changeOrigin: true, headers: { origin: server } } },
  },
  test: { environment: 'happy-dom', include: ['src/**/*.test.{ts,tsx}'], globals: true, css: { modules: { classNameStrategy: 'non-scoped' } } },
});
