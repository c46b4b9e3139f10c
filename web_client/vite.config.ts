import { defineConfig } from 'vitest/config';
import { printingFonts } from './build/printing-fonts.ts';

const server = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [printingFonts()],
  build: {
    target: 'chrome109',
    cssTarget: 'chrome109',
    // The policy is default-src 'self': a data: image would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': server, '/dicomweb': server, '/ws': { target: server, ws: true } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
