"""What can go wrong on the way to the county, and what to do about it, for who stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Why nothing moves, or one object does not. The values are stable."""

    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    TOKEN_MISSING = "token-missing"  # noqa: S105 -- a fault's name
    TOKEN_REFUSED = "token-refused"  # noqa: S105 -- a fault's name
    NOT_ALLOWED = "not-allowed"
    COUNTY_BUSY = "county-busy"
    COUNTY_FULL = "county-full"
    NOT_A_COUNTY = "not-a-county"
    COUNTY_TOO_OLD = "county-too-old"
    LINE_DAMAGES = "line-damages"
    TOO_LARGE = "too-large"
    REFUSED = "refused"
    DAMAGED_HERE = "damaged-here"
    DISK_HERE = "disk-here"


@dataclass(frozen=True)
class Advice:
    """What is wrong and what to do, in both languages."""

    zh: str
    en: str


ADVICE: Final[Mapping[Fault, Advice]] = {
    Fault.UNREACHABLE: Advice(
        "连不上县级服务器。检查网线、路由器和专网（VPN）；已收到的检查都在本机，线路恢复后自动续传。",
        "The county's server cannot be reached. Check cable, router and VPN; everything is kept "
        "here and goes on by itself.",
    ),
    Fault.CERTIFICATE: Advice(
        "县级服务器的证书不可信，为安全起见没有发送。先核对本机日期时间；证书是自建机构签发的，"
        "请向县级索取 ca.crt 并设置 LIANZHEN_GATEWAY__COUNTY_CA。不要关闭校验。",
        "The county's certificate is not trusted, so nothing was sent. Check this PC's date and "
        "time first; for an authority of the county's own, get its ca.crt and set "
        "LIANZHEN_GATEWAY__COUNTY_CA.",
    ),
    Fault.TOKEN_MISSING: Advice(
        "本机没有令牌。请县级管理员运行 lianzhen token create --user 用户名，把结果存入令牌文件"
        "（LIANZHEN_GATEWAY__TOKEN_FILE）；存好后自动继续。",
        "There is no token here. Ask the county for `lianzhen token create --user NAME` and put it "
        "into the token file (LIANZHEN_GATEWAY__TOKEN_FILE); no restart is needed.",
    ),
    Fault.TOKEN_REFUSED: Advice(
        "县级不接受本机的令牌（过期或已作废）。请县级管理员重新签发，替换令牌文件即可，不必重启。",
        "The county refuses this token (expired or revoked). Ask for a new one and replace the "
        "token file; no restart is needed.",
    ),
    Fault.NOT_ALLOWED: Advice(
        "令牌对应的账号无权上传。请县级管理员给该账号“乡镇检查技师”角色。",
        "The token's account may not upload. Ask the county to give it the role "
        "township_technician.",
    ),
    Fault.COUNTY_BUSY: Advice(
        "县级服务器暂时不能接收，稍后自动重试，无需操作。",
        "The county's server cannot take it now; it is tried again by itself.",
    ),
    Fault.COUNTY_FULL: Advice(
        "县级服务器磁盘将满。请通知县级管理员清理；腾出空间后自动继续。",
        "The county's disk is nearly full. Tell its administrator; then it goes on by itself.",
    ),
    Fault.NOT_A_COUNTY: Advice(
        "该网址回答的不是联诊服务器。核对 LIANZHEN_GATEWAY__COUNTY_URL；也可能是上网认证页面拦截。",
        "What answers at that address is no Lianzhen server. Check LIANZHEN_GATEWAY__COUNTY_URL, "
        "or whether a sign-in page of the network stands in between.",
    ),
    Fault.COUNTY_TOO_OLD: Advice(
        "县级服务器版本太旧，不能确认收到的内容。请县级升级；在此之前原件一直保留在本机。",
        "The county's server is too old to confirm what it got. Ask it to upgrade; the originals "
        "stay here until then.",
    ),
    Fault.LINE_DAMAGES: Advice(
        "数据在线路上被改动，校验不符，正在重发。若持续出现，请检查路由器、代理或杀毒软件的网页扫描。",
        "Data are changed on the way and sent again. If it stays, look at the router, a proxy or a "
        "virus scanner that opens traffic.",
    ),
    Fault.TOO_LARGE: Advice(
        "文件超过县级允许的大小。请县级管理员调大 LIANZHEN_HTTP__MAX_UPLOAD_BYTES 后点“重发”。",
        "The file is larger than the county takes. Ask it to raise "
        "LIANZHEN_HTTP__MAX_UPLOAD_BYTES, then press Send again.",
    ),
    Fault.REFUSED: Advice(
        "县级已收到但不收入库，放入隔离区，原因见下。与县级联系；处理好后点“重发”。原件保留在本机。",
        "The county got it and put it into quarantine, for the reason shown. Talk to the county, "
        "then press Send again. The original stays here.",
    ),
    Fault.DAMAGED_HERE: Advice(
        "本机磁盘上的文件已损坏或丢失，没有发送。请在设备上重发该检查，并检查本机硬盘。",
        "The file on this PC's disk is damaged or gone, and was not sent. Send the exam again from "
        "the device, and have the disk checked.",
    ),
    Fault.DISK_HERE: Advice(
        "本机磁盘读写失败。请检查硬盘和剩余空间。",
        "This PC's disk failed. Check the disk and its free space.",
    ),
}


class LineFault(Exception):
    """Nothing moves for now: the county, the line or the token; everything is tried again."""

    def __init__(self, fault: Fault, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail
        self.retry_after_s = retry_after_s


class ObjectFault(Exception):
    """One object does not get there as it is; the others go on."""

    def __init__(self, fault: Fault, code: str, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.code = code
        self.detail = detail
