export const zh = {
  'link.label': '导出',
  'link.title': '把整份检查导出为 ZIP（含 DICOMDIR），可刻盘或交给患者；导出会记入审计日志',
} as const;

export type Dictionary = Readonly<Record<keyof typeof zh, string>>;
