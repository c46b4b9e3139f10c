import { create } from 'zustand';
import { type Display, loadDisplay, saveDisplay, screenName } from './display';

const here = (): string => screenName(screen, devicePixelRatio);

/** Paper and size of this screen; kept in this browser. */
export const useDisplay = create<Display>(() => loadDisplay(localStorage, here()));

useDisplay.subscribe((display) => saveDisplay(localStorage, here(), display));
