import type { Band, LeadMark } from './bands';
import { MARGIN_MM, type Point, type Sheet, type Strip, xOf } from './layout';
import type { Palette } from './palette';
import { laidOver, type MedianBeat } from './previous';
import { between, type Recording } from './recording';

/** What lies over the paper. */
export interface Overlay {
  readonly bands: readonly Band[];
  readonly marks: readonly LeadMark[];
  /** Seconds of the R waves, numbered from `firstBeat` under the rhythm strip. */
  readonly beatsS: readonly number[];
  readonly caliper: Caliper | null;
  /** An earlier recording's median beat, laid over every beat. */
  readonly previous?: MedianBeat | null;
}

export interface Caliper {
  readonly from: Point;
  readonly to: Point;
  readonly text: string;
  /** How far up and down its lines reach; by default a little beyond the points. */
  readonly reachMm?: readonly [number, number];
  /** Repeats the distance over the whole width, as dividers march along a strip. */
  readonly march?: boolean;
}

export interface Words {
  /** Beside the name of the long strip. */
  readonly rhythm: string;
  /** Speed, gain and filters, under the last row. */
  readonly foot: string;
}

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const PULSE_S = 0.2;
const PULSE_LEFT_MM = 3;
const LABEL_PX = 13;
const NOTE_PX = 12;
/** Closer than this, millimetre lines are only a haze. */
const LEAST_LINE_PX = 2.2;
/** Nearer, marching makes a comb that says nothing. */
const LEAST_MARCH_MM = 3;

/** Draws the whole sheet; the context's unit is a CSS pixel, `pxPerMm` of them a millimetre. */
export function draw(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  recording: Recording,
  overlay: Overlay,
  look: { readonly palette: Palette; readonly pxPerMm: number; readonly words: Words },
): void {
  const { palette, pxPerMm, words } = look;
  const px = (mm: number): number => mm * pxPerMm;
  drawGrid(context, sheet, palette, pxPerMm);
  for (const band of overlay.bands) drawBand(context, band, palette, px);
  // Names first: no word may lie over a trace.
  for (const strip of sheet.strips) drawNames(context, sheet, strip, overlay.marks, look);
  context.strokeStyle = palette.ink;
  context.lineJoin = 'round';
  context.lineWidth = Math.max(1, pxPerMm * 0.25);
  for (const baselineMm of sheet.rowsMm) drawPulse(context, sheet, baselineMm, px);
  for (const strip of sheet.strips) drawTrace(context, sheet, strip, recording, pxPerMm);
  if (overlay.previous) {
    context.strokeStyle = palette.caliper;
    context.setLineDash([4, 3]);
    for (const strip of sheet.strips) {
      for (const line of laidOver(sheet, strip, recording, overlay.beatsS, overlay.previous)) {
        context.beginPath();
        line.forEach(({ xMm, yMm }, k) => {
          if (k === 0) context.moveTo(px(xMm), px(yMm));
          else context.lineTo(px(xMm), px(yMm));
        });
        context.stroke();
      }
    }
    context.setLineDash([]);
  }
  context.fillStyle = palette.faint;
  context.font = `${NOTE_PX}px ${FONT}`;
  for (const strip of sheet.strips) {
    if (strip.rhythm) drawNumbers(context, sheet, strip, overlay.beatsS, px);
  }
  context.fillStyle = palette.faint;
  context.textAlign = 'right';
  context.textBaseline = 'alphabetic';
  context.fillText(words.foot, px(sheet.widthMm) - 6, px(sheet.heightMm) - 5);
  context.textAlign = 'left';
  if (overlay.caliper !== null) drawCaliper(context, sheet, overlay.caliper, palette, px);
}

function drawGrid(context: CanvasRenderingContext2D, sheet: Sheet, palette: Palette, pxPerMm: number): void {
  const width = sheet.widthMm * pxPerMm;
  const height = sheet.heightMm * pxPerMm;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, width, height);
  context.lineWidth = 1;
  // The strong lines lie where the traces begin, so that a column starts on one.
  const offset = MARGIN_MM % 5;
  for (const strong of [false, true]) {
    if (!strong && pxPerMm < LEAST_LINE_PX) continue;
    context.strokeStyle = strong ? palette.major : palette.minor;
    context.beginPath();
    for (let mm = 0; mm <= sheet.widthMm; mm++) {
      if (((mm - offset) % 5 === 0) !== strong) continue;
      const x = Math.round(mm * pxPerMm) + 0.5;
      context.moveTo(x, 0);
      context.lineTo(x, height);
    }
    for (let mm = 0; mm <= sheet.heightMm; mm++) {
      if ((mm % 5 === 0) !== strong) continue;
      const y = Math.round(mm * pxPerMm) + 0.5;
      context.moveTo(0, y);
      context.lineTo(width, y);
    }
    context.stroke();
  }
}

function drawBand(
  context: CanvasRenderingContext2D,
  band: Band,
  palette: Palette,
  px: (mm: number) => number,
): void {
  const box = [px(band.leftMm), px(band.topMm), px(band.widthMm), px(band.heightMm)] as const;
  if (band.kind === 'reciprocal') {
    context.strokeStyle = palette.reciprocal;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.strokeRect(...box);
    context.setLineDash([]);
    return;
  }
  context.fillStyle = band.kind === 'elevation' ? palette.elevation : palette.other;
  context.fillRect(...box);
}

function drawPulse(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  baselineMm: number,
  px: (mm: number) => number,
): void {
  const widthMm = PULSE_S * sheet.speedMmS;
  const left = px(Math.max(0.5, Math.min(PULSE_LEFT_MM, (MARGIN_MM - widthMm) / 2)));
  const base = px(baselineMm);
  const top = px(baselineMm - sheet.gainMmMv);
  context.beginPath();
  context.moveTo(left - 3, base);
  context.lineTo(left, base);
  context.lineTo(left, top);
  context.lineTo(left + px(widthMm), top);
  context.lineTo(left + px(widthMm), base);
  context.lineTo(left + px(widthMm) + 3, base);
  context.stroke();
}

/** Draws every sample, or where several share a pixel column, their lowest and highest. */
function drawTrace(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  strip: Strip,
  recording: Recording,
  pxPerMm: number,
): void {
  const samples = between(recording, strip.index, strip.fromS, strip.toS);
  const stepPx = (sheet.speedMmS / recording.fsHz) * pxPerMm;
  const chunk = Math.max(1, Math.floor(0.5 / stepPx));
  const yOf = (mv: number): number => (strip.baselineMm - (mv - strip.levelMv) * sheet.gainMmMv) * pxPerMm;
  const left = strip.leftMm * pxPerMm;
  context.beginPath();
  let drawing = false;
  const put = (index: number): void => {
    const mv = samples[index] ?? Number.NaN;
    if (Number.isNaN(mv)) {
      drawing = false;
      return;
    }
    if (drawing) context.lineTo(left + index * stepPx, yOf(mv));
    else context.moveTo(left + index * stepPx, yOf(mv));
    drawing = true;
  };
  for (let begin = 0; begin < samples.length; begin += chunk) {
    let [low, high] = [begin, begin];
    for (let index = begin; index < Math.min(samples.length, begin + chunk); index++) {
      const mv = samples[index] ?? Number.NaN;
      if (Number.isNaN(mv)) [low, high] = [index, index];
      else if (mv < (samples[low] ?? 0)) low = index;
      else if (mv > (samples[high] ?? 0)) high = index;
    }
    put(Math.min(low, high));
    if (low !== high) put(Math.max(low, high));
  }
  context.stroke();
  if (strip.leftMm > MARGIN_MM) {
    context.beginPath();
    context.moveTo(left, (strip.baselineMm - 3) * pxPerMm);
    context.lineTo(left, (strip.baselineMm + 3) * pxPerMm);
    context.stroke();
  }
}

function drawNames(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  strip: Strip,
  marks: readonly LeadMark[],
  { palette, pxPerMm, words }: { palette: Palette; pxPerMm: number; words: Words },
): void {
  const x = strip.leftMm * pxPerMm + 5;
  const y = (strip.topMm + 1) * pxPerMm;
  context.font = `600 ${LABEL_PX}px ${FONT}`;
  context.textBaseline = 'top';
  const long = strip.rhythm && sheet.layout === '3x4';
  const name = long ? `${strip.lead} ${words.rhythm}` : strip.lead;
  const width = context.measureText(name).width;
  context.fillStyle = palette.ink;
  context.fillText(name, x, y);
  const mark = marks.find(({ lead }) => lead === strip.lead);
  if (mark !== undefined && mark.text !== '' && !long) {
    drawTag(context, x + width + 8, y - 2, mark, palette);
  }
}

/** A value beside its lead: filled where ST is raised, outlined where it is depressed. */
function drawTag(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  { kind, text }: LeadMark,
  palette: Palette,
): void {
  context.font = `600 ${NOTE_PX}px ${FONT}`;
  const width = context.measureText(text).width + 10;
  context.fillStyle = kind === 'elevation' ? palette.tag : palette.paper;
  context.fillRect(x, y, width, NOTE_PX + 6);
  if (kind !== 'elevation') {
    context.strokeStyle = palette.reciprocal;
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, NOTE_PX + 5);
  }
  context.fillStyle = kind === 'elevation' ? palette.onTag : palette.reciprocal;
  context.fillText(text, x + 5, y + 3);
}

function drawNumbers(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  strip: Strip,
  beatsS: readonly number[],
  px: (mm: number) => number,
): void {
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  beatsS.forEach((second, position) => {
    if (second < strip.fromS || second >= strip.toS) return;
    context.fillText(String(position + 1), px(xOf(sheet, strip, second)), px(strip.bottomMm + 2));
  });
  context.textAlign = 'left';
}

function drawCaliper(
  context: CanvasRenderingContext2D,
  sheet: Sheet,
  { from, to, text, reachMm, march }: Caliper,
  palette: Palette,
  px: (mm: number) => number,
): void {
  const [left, right] = from.xMm < to.xMm ? [from, to] : [to, from];
  const [x1, x2] = [px(left.xMm), px(right.xMm)];
  const [y1, y2] = [px(from.yMm), px(to.yMm)];
  const [top, bottom] =
    reachMm === undefined ? [Math.min(y1, y2) - 14, Math.max(y1, y2) + 14] : [px(reachMm[0]), px(reachMm[1])];
  context.strokeStyle = palette.caliper;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const x of [x1, x2]) {
    context.moveTo(x, top);
    context.lineTo(x, bottom);
  }
  for (const y of y1 === y2 ? [y1] : [y1, y2]) {
    context.moveTo(x1, y);
    context.lineTo(x2, y);
  }
  context.stroke();
  if (march) {
    context.lineWidth = 1;
    context.beginPath();
    for (const xMm of marched(sheet, left.xMm, right.xMm)) {
      context.moveTo(px(xMm), top);
      context.lineTo(px(xMm), bottom);
    }
    context.stroke();
  }
  context.font = `600 ${LABEL_PX}px ${FONT}`;
  context.textBaseline = 'top';
  const width = context.measureText(text).width + 12;
  const room = px(sheet.widthMm) - width - 2;
  const x = Math.max(2, Math.min(x2 + 4, room));
  // Above its lines, or below where they reach to the paper's edge.
  const y = top >= 24 || reachMm === undefined ? Math.max(2, top - 22) : bottom + 2;
  context.fillStyle = palette.caliper;
  context.fillRect(x, y, width, LABEL_PX + 8);
  context.fillStyle = palette.onCaliper;
  context.fillText(text, x + 6, y + 4);
}

/** Where the distance between two places falls again, left and right of them. */
export function marched(sheet: Sheet, leftMm: number, rightMm: number): readonly number[] {
  const step = rightMm - leftMm;
  if (step < LEAST_MARCH_MM) return [];
  const places: number[] = [];
  for (let xMm = leftMm - step; xMm >= MARGIN_MM; xMm -= step) places.unshift(xMm);
  for (let xMm = rightMm + step; xMm <= sheet.widthMm; xMm += step) places.push(xMm);
  return places;
}
