import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    lib: { entry: { index: 'src/index.ts', react: 'src/react.ts' }, formats: ['es'] },
    rollupOptions: { external: ['react'] },
    target: 'es2022',
    sourcemap: true,
  },
});
