import { createTheme } from '@mantine/core';

/** Colours and sizes are CSS variables (mantine.css over tokens.css); here is what only script can say. */
export const theme = createTheme({
  respectReducedMotion: true,
  cursorType: 'pointer',
  defaultRadius: 'sm',
  focusRing: 'never',
});
