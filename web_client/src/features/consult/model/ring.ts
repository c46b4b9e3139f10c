const TONES_HZ = [659, 523] as const;
const TONE_S = 0.35;
const EVERY_MS = 3_000;
const FOR_MS = 60_000;
const VOLUME = 0.12;

/** Two soft falling tones, again and again for a minute: a call to talk must not be taken for the red alarm. */
export function ring(): () => void {
  const context = new AudioContext();
  const play = (): void => {
    for (const [n, hz] of TONES_HZ.entries()) {
      const tone = new OscillatorNode(context, { frequency: hz });
      const volume = new GainNode(context, { gain: 0 });
      const from = context.currentTime + n * TONE_S;
      volume.gain.setTargetAtTime(VOLUME, from, 0.02);
      volume.gain.setTargetAtTime(0, from + TONE_S * 0.6, 0.08);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + TONE_S * 2);
    }
  };
  play();
  const again = setInterval(play, EVERY_MS);
  const enough = setTimeout(() => clearInterval(again), FOR_MS);
  return () => {
    clearInterval(again);
    clearTimeout(enough);
    void context.close();
  };
}
