"""What stands beside the images for the person who opens the ZIP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

NOTE_NAME: Final = "README.TXT"
_TEXT: Final = """\
联诊导出的检查影像
共 {count} 个 DICOM 文件，导出时间 {at}（UTC）。

打开方法：先把压缩包完整解压到一个文件夹（或刻录到光盘），再用任一 DICOM 阅片软件打开其中的
DICOMDIR 文件，例如 Weasis、MicroDicom、RadiAnt、Horos。没有阅片软件时，请交给接诊医院影像科导入。
文件属于患者隐私，请勿转发给无关人员。

Images exported by Lianzhen
{count} DICOM files, exported {at} (UTC).

How to open: unpack the whole ZIP into a folder (or burn it to a disc) and open the file DICOMDIR
in it with any DICOM viewer, for instance Weasis, MicroDicom, RadiAnt or Horos. Without a viewer,
let the receiving hospital's imaging department import it.
These files are the patient's private data: pass them on to nobody else.
"""
_ANONYMOUS: Final = """
影像已按 DICOM PS3.15 附录 E 去标识化（Basic Application Confidentiality Profile）{options}。
另有 {left_out} 个对象的像素或文档里可能印有患者信息，没有导出。

De-identified by PS3.15 Annex E (Basic Application Confidentiality Profile){options}.
{left_out} further objects may have a name in their pixels or document, and were left out.
"""


def note(at: datetime, count: int, left_out: int, options: Sequence[str] | None) -> bytes:
    """Return the note as Windows' own editor reads it: UTF-8 with its mark, CR LF.

    ``options`` are those of a de-identification, None where there was none.
    """
    text = _TEXT.format(count=count, at=f"{at:%Y-%m-%d %H:%M}")
    if options is not None:
        named = "".join(f"; {each}" for each in options)
        text += _ANONYMOUS.format(options=named, left_out=left_out)
    return text.replace("\n", "\r\n").encode("utf-8-sig")
