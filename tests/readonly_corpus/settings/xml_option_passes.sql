-- passes: a setting that only parses

SET XML OPTION DOCUMENT
