export const zh = {
  'login.title': '登录',
  'login.login': '账号',
  'login.password': '密码',
  'login.submit': '登录',
  'login.busy': '正在登录…',
  'login.empty': '请填写账号和密码。',
  'login.caps': '大写锁定已打开。',
  'login.expired': '登录已过期，请重新登录。登录后回到刚才的位置。',
  'login.signedOut': '已退出登录。',
  'login.hint': '忘记密码请联系本单位系统管理员。',
  'login.disclaimer': '机器分析提示仅供参考，未注册，不能代替医师诊断。',
} as const;

export type Dictionary = Readonly<Record<keyof typeof zh, string>>;
