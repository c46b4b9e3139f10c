import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { chunkBudgets } from './build/chunk-budgets.ts';
import { precompressed } from './build/precompressed.ts';
import { printingFonts } from './build/printing-fonts.ts';

const server = 'http://127.0.0.1:8080';
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The image loader's package does not say so, but only its worker does something when it is loaded. */
const hasSideEffects = (id: string): boolean =>
  !/dicom-image-loader\/dist\/esm\/(?!decodeImageFrameWorker)/.test(id);

export default defineConfig({
  plugins: [react(), printingFonts(), chunkBudgets(), precompressed()],
  resolve: {
    alias: {
      '@': here('./src'),
      // vtk.js reads XML with it; as bundled it throws on load ("Class extends value undefined").
      xmlbuilder2: here('./build/xmlbuilder2-stub.ts'),
      dcmjs: here('./build/dcmjs-stub.ts'),
    },
  },
  build: {
    target: 'chrome109',
    cssTarget: 'chrome109',
    // The policy is default-src 'self': a data: image would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { treeshake: { moduleSideEffects: hasSideEffects } },
  },
  worker: { format: 'es' },
  optimizeDeps: {
    // The loader starts workers by their own address, and hangs where it was bundled beforehand.
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: ['dicom-parser'],
  },
  server: {
    proxy: {
      '/api': server,
      '/dicomweb': server,
      '/ws': { target: server, ws: true },
      '/rtc': { target: server, ws: true },
    },
  },
  test: { include: ['src/**/*.test.{ts,tsx}', 'build/**/*.test.ts'], environment: 'node' },
});
