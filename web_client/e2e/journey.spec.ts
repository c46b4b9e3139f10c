// The whole story: a township examines, the county reads, reviews and signs, the township prints,
// and both meet in a room. Each step is what people at their desks do and see.
import { writeFile } from 'node:fs/promises';
import { type Browser, expect, type Locator, test } from '@playwright/test';
import { changedPicture, type Desk, framesOf, shownPicture, sitDown } from './support/desk.ts';
import { send, textOfPdf } from './support/device.ts';
import { picture } from './support/pictures.ts';

const CT = '王秀兰';
const ALARM = '赵国强';
const FINDINGS = '所示胸椎椎体及附件骨质完整，椎管未见狭窄。';
const DRAFT = '所示胸椎未见骨折。';
const IMPRESSION = '所示胸椎CT平扫未见明显异常，建议随访。';
const COMMENT = '请补充随访建议';
const ECG_FINDINGS = '窦性心律，II、III、aVF导联ST段抬高。';
const ECG_IMPRESSION = '急性下壁ST段抬高型心肌梗死，请立即启动胸痛流程。';

test('a case goes from the township to the county and back', async ({ browser }, info) => {
  const { reader, reviewer, township, stranger } = await desksOf(browser);
  let caseAddress = '';

  await test.step('what the township sends appears by itself', async () => {
    await expect(reader.page.getByTestId('worklist-row').first()).toBeVisible();
    await send('ct');
    await expect(rowOf(reader, CT)).toBeVisible();
  });

  await test.step('the alarm that the demonstration began with is answered, and its ECG signed', async () => {
    await answerTheAlarm(reviewer);
    await expect(reader.page.getByTestId('alarm')).toBeHidden();
    await signTheEcg(reviewer);
  });

  await test.step('a suspected infarction rings within two seconds, and is first', async () => {
    await send('alarm');
    await expect(reader.page.getByTestId('alarm')).toContainText(ALARM, { timeout: 2_000 });
    await expect(reader.page.getByTestId('worklist-row').first()).toContainText(ALARM);
    await picture(reader.page, 'worklist');
  });

  await test.step('the reader answers the alarm, and it is silent for everybody', async () => {
    await expect(reviewer.page.getByTestId('alarm')).toContainText(ALARM);
    await answerTheAlarm(reader);
    await expect(reviewer.page.getByTestId('alarm')).toBeHidden();
    const paper = await shownPicture(reader.page.getByTestId('ecg-canvas').first());
    expect(paper.levels).toBeGreaterThan(10);
    await expect(field(reader, 'report-findings')).toBeVisible();
    await picture(reader.page, 'ecg');
  });

  await test.step('one licensed reader signs the ECG', async () => {
    await signTheEcg(reader);
  });

  await test.step('the reader takes the CT and looks at it', async () => {
    await reader.page.goto('/worklist');
    await rowOf(reader, CT).dblclick();
    await expect(reader.page).toHaveURL(/\/reading\//);
    caseAddress = new URL(reader.page.url()).pathname;
    const canvas = canvasOf(reader);
    const asSent = await shownPicture(canvas);
    expect(asSent.levels).toBeGreaterThan(20);
    await reader.page.getByRole('group', { name: '窗位预设' }).getByRole('button', { name: '骨' }).click();
    const bone = await changedPicture(canvas, asSent);
    await reader.page.keyboard.press('ArrowDown');
    await expect(reader.page.getByTestId('slice-number')).toHaveText('图 2/4');
    await changedPicture(canvas, bone);
  });

  await test.step('a draft survives a reload', async () => {
    await write(reader, FINDINGS, DRAFT);
    await reader.page.reload();
    await expect(field(reader, 'report-findings')).toHaveValue(FINDINGS);
    await expect(field(reader, 'report-impression')).toHaveValue(DRAFT);
    await shownPicture(canvasOf(reader));
    await picture(reader.page, 'reading');
    await reader.page.getByTestId('submit-review').click();
    await expect(status(reader)).toContainText('待审核');
  });

  await test.step('the reviewer returns it with a comment', async () => {
    await reviewer.page.goto('/worklist?view=review');
    await rowOf(reviewer, CT).dblclick();
    await shownPicture(canvasOf(reviewer));
    await reviewer.page.getByTestId('return').click();
    await reviewer.page.getByTestId('reason').fill(COMMENT);
    await reviewer.page.getByTestId('reason-send').click();
  });

  await test.step('the reader corrects it', async () => {
    await expect(reader.page.getByText(COMMENT)).toBeVisible();
    await write(reader, FINDINGS, IMPRESSION);
    await reader.page.getByTestId('submit-review').click();
  });

  await test.step('both meet in a room: pictures of each, images in step', async () => {
    await meet(township, reader, caseAddress);
  });

  await test.step('the reviewer signs', async () => {
    await reviewer.page.goto(caseAddress);
    await expect(field(reviewer, 'report-impression')).toHaveText(IMPRESSION);
    await reviewer.page.getByTestId('sign').click();
    await expect(status(reviewer)).toContainText('正式报告');
  });

  await test.step('the township is told, and prints it', async () => {
    await township.page.goto('/reports');
    const row = township.page.getByTestId('report-row').filter({ hasText: CT });
    await expect(row).toBeVisible();
    await picture(township.page, 'reports');
    const address = await row.getByTestId('print-report').getAttribute('href');
    const pdf = await township.context.request.get(address ?? '');
    expect(pdf.headers()['content-type']).toBe('application/pdf');
    const file = info.outputPath('report.pdf');
    await writeFile(file, await pdf.body());
    const text = (await textOfPdf(file)).replaceAll(/\s/g, '');
    for (const expected of [
      ...[CT, '检查单位', '马渡镇卫生院', '诊断单位', '青禾县人民医院', IMPRESSION, FINDINGS],
      ...['周写作', '吴审核'],
    ]) {
      expect(text).toContain(expected.replaceAll(/\s/g, ''));
    }
  });

  await test.step('another township has nothing of it', async () => {
    await expect(stranger.page.getByText(CT)).toHaveCount(0);
    const request = caseAddress.split('/').at(-1);
    for (const path of [`/api/requests/${request}`, `/api/requests/${request}/report`]) {
      expect((await stranger.context.request.get(path)).status()).toBe(404);
    }
    await stranger.page.goto(caseAddress);
    await expect(stranger.page.getByText(CT)).toHaveCount(0);
  });

  const failures = [reader, reviewer, township, stranger].flatMap((desk) => desk.failures);
  expect(failures).toEqual([]);
});

type Desks = Record<'reader' | 'reviewer' | 'township' | 'stranger', Desk>;

async function desksOf(browser: Browser): Promise<Desks> {
  const [reader, reviewer, township, stranger] = await Promise.all([
    sitDown(browser, 'reader'),
    sitDown(browser, 'reviewer'),
    sitDown(browser, 'township1'),
    sitDown(browser, 'township2'),
  ]);
  return { reader, reviewer, township, stranger };
}

const rowOf = (desk: Desk, name: string): Locator =>
  desk.page.getByTestId('worklist-row').filter({ hasText: name });
const canvasOf = (desk: Desk): Locator => desk.page.getByTestId('viewport');
const status = (desk: Desk): Locator => desk.page.getByRole('heading', { level: 2, name: '报告' });
const field = (desk: Desk, id: string): Locator => desk.page.getByTestId(id);

async function answerTheAlarm(desk: Desk): Promise<void> {
  await desk.page.getByTestId('alarm').getByRole('button', { name: '打开并领取' }).click();
  await expect(desk.page).toHaveURL(/\/ecg\//);
}

/** One licensed reader suffices for an ECG. */
async function signTheEcg(desk: Desk): Promise<void> {
  await write(desk, ECG_FINDINGS, ECG_IMPRESSION);
  await desk.page.getByRole('button', { name: '确认危急值' }).click();
  await desk.page.getByTestId('sign').click();
  await expect(status(desk)).toContainText('正式报告');
}

/** Write both texts and wait until the server has them. */
async function write(desk: Desk, findings: string, impression: string): Promise<void> {
  const saved = desk.page.waitForResponse(
    async (response) =>
      response.request().method() === 'PUT' &&
      response.ok() &&
      (await response.json()).impression === impression,
  );
  await field(desk, 'report-findings').fill(findings);
  await field(desk, 'report-impression').fill(impression);
  await saved;
}

/** The township opens a room for the case, the reader joins: faces, and images that follow. */
async function meet(township: Desk, reader: Desk, caseAddress: string): Promise<void> {
  await township.page.goto(caseAddress);
  await township.page.getByTestId('consult-open').click();
  await township.page.getByTestId('consult-join').click();
  await reader.page.goto(new URL(township.page.url()).pathname);
  await reader.page.getByTestId('consult-join').click();
  for (const [desk, name] of [
    [township, '周写作'],
    [reader, '何样板'],
  ] as const) {
    const face = desk.page.getByTestId('video-tile').filter({ hasText: name }).locator('video');
    await expect.poll(() => framesOf(face), `no frames of ${name}`).toBeGreaterThan(10);
  }
  await reader.page.getByTestId('lead').click();
  await shownPicture(canvasOf(reader));
  const before = await shownPicture(canvasOf(township));
  await reader.page.keyboard.press('ArrowDown');
  await expect(township.page.getByTestId('slice-number')).toHaveText('图 2/4');
  const moved = await changedPicture(canvasOf(township), before);
  await reader.page.getByRole('group', { name: '窗位预设' }).getByRole('button', { name: '骨' }).click();
  await changedPicture(canvasOf(township), moved);
  await picture(reader.page, 'consult');
}
