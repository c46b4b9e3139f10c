"""What stands beside the images for the person who opens the ZIP."""

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


def note(at: datetime, count: int) -> bytes:
    """Return the note as Windows' own editor reads it: UTF-8 with its mark, CR LF."""
    text = _TEXT.format(count=count, at=f"{at:%Y-%m-%d %H:%M}")
    return text.replace("\n", "\r\n").encode("utf-8-sig")
