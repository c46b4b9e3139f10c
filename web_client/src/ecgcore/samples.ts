import type { Recording } from './recording';

const TWELVE = ['I', 'II', 'III', 'aVR', 'aVL', 'aVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];

/** An invented recording for tests: flat at 0, with `valueAt` millivolts where it says so. */
export function recording(
  part: Partial<Recording> = {},
  valueAt: (lead: string, second: number) => number = () => 0,
): Recording {
  const leads = part.leads ?? TWELVE;
  const fsHz = part.fsHz ?? 500;
  const durationS = part.durationS ?? 10;
  const count = Math.round(fsHz * durationS);
  return {
    fsHz,
    leads,
    durationS,
    startS: 0,
    traces: leads.map((lead) => Float32Array.from({ length: count }, (_, k) => valueAt(lead, k / fsHz))),
    ...part,
  };
}

/** Remembers what is drawn: a stand-in for a canvas, which the test environment lacks. */
export class PaperRecorder {
  readonly moves: { readonly x: number; readonly y: number; readonly pen: boolean }[][] = [];
  readonly texts: { readonly text: string; readonly x: number; readonly y: number }[] = [];
  readonly boxes: {
    readonly how: 'fill' | 'stroke';
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
    readonly style: string;
  }[] = [];
  fillStyle = '';
  strokeStyle = '';
  lineWidth = 1;
  lineJoin = '';
  font = '';
  textAlign = '';
  textBaseline = '';
  #path: { x: number; y: number; pen: boolean }[] = [];

  beginPath(): void {
    this.#path = [];
  }
  moveTo(x: number, y: number): void {
    this.#path.push({ x, y, pen: false });
  }
  lineTo(x: number, y: number): void {
    this.#path.push({ x, y, pen: true });
  }
  stroke(): void {
    this.moves.push(this.#path);
  }
  fillRect(x: number, y: number, w: number, h: number): void {
    this.boxes.push({ how: 'fill', x, y, w, h, style: this.fillStyle });
  }
  strokeRect(x: number, y: number, w: number, h: number): void {
    this.boxes.push({ how: 'stroke', x, y, w, h, style: this.strokeStyle });
  }
  setLineDash(_pattern: readonly number[]): void {}
  measureText(text: string): { width: number } {
    return { width: text.length * 7 };
  }
  fillText(text: string, x: number, y: number): void {
    this.texts.push({ text, x, y });
  }
}
