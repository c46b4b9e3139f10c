import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { chunkBudgets } from './build/chunk-budgets.ts';
import { precompressed } from './build/precompressed.ts';
import { printingFonts } from './build/printing-fonts.ts';

const server = 'http://127.0.0.1:8080';
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Modules that matter only where something of theirs is used, though their packages do not say so: the image
 * loader's, all but its worker, and vtk.js's second renderer, which registers itself and is never asked for.
 */
const IDLE = /dicom-image-loader\/dist\/esm\/(?!decodeImageFrameWorker)|vtk\.js\/Rendering\/WebGPU\//;
const hasSideEffects = (id: string): boolean => !IDLE.test(id);

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
