// The one entry: each part looks for its own marks in the page and does nothing without them.
import { startCopying } from "./copy.js";
import { startTheme } from "./theme.js";
import { startMenus } from "./menus.js";

startTheme();
startCopying();
startMenus();

const parts = {
  "[data-live]": ["./live.js", "startLive"],
  "[data-log]": ["./log.js", "startLog"],
  "[data-upload]": ["./upload.js", "startUpload"],
  "[data-hall]": ["./hall.js", "startHall"],
  "[data-statement]": ["./statement.js", "startStatement"],
  "[data-wall]": ["./wall.js", "startWall"],
};

for (const [mark, [path, start]] of Object.entries(parts)) {
  const found = document.querySelectorAll(mark);
  if (found.length > 0) {
    import(path).then((part) => found.forEach((element) => part[start](element)));
  }
}
