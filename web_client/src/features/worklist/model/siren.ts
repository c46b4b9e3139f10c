/** Two tones and a rest, in seconds and hertz: loud enough to find, and unlike a telephone. */
const TONES = [
  { at: 0, hz: 880 },
  { at: 0.22, hz: 660 },
  { at: 0.44, hz: 880 },
] as const;
const TONE_S = 0.18;
const EVERY_MS = 1600;
const VOLUME = 0.25;

/** Rings through WebAudio until it is told to stop; no file is loaded, so that it rings with the network gone too. */
export class Siren {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly onBlocked: (blocked: boolean) => void;

  /** `onBlocked` hears whether the browser lets it sound: until somebody touches the page, it may not. */
  constructor(onBlocked: (blocked: boolean) => void) {
    this.onBlocked = onBlocked;
  }

  start(): void {
    if (this.timer !== undefined) return;
    this.ring();
    this.timer = setInterval(() => this.ring(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    void this.context?.close();
    this.context = null;
    this.onBlocked(false);
  }

  /** Within a press or a key: the browser lets it sound from here on. */
  async allow(): Promise<void> {
    if (this.timer === undefined || this.context?.state === 'running') return;
    await this.context?.resume();
    this.ring();
  }

  private ring(): void {
    this.context ??= new AudioContext();
    const { context } = this;
    this.onBlocked(context.state !== 'running');
    if (context.state !== 'running') return;
    for (const { at, hz } of TONES) {
      const [tone, gain] = [context.createOscillator(), context.createGain()];
      const start = context.currentTime + at;
      tone.type = 'square';
      tone.frequency.value = hz;
      gain.gain.setValueAtTime(VOLUME, start);
      gain.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
      tone.connect(gain).connect(context.destination);
      tone.start(start);
      tone.stop(start + TONE_S);
    }
  }
}
