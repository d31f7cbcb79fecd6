// What every page does. Each module looks for its own marks in the page and does nothing where there are none.
import "./keys.js";
import "./drafts.js";
import "./saving.js";
import "./reveal.js";
import "./session.js";
import "./take.js";
import "./focus.js";
import "./refresh.js";
import "./damages.js";
import "./room.js";
import "./doubts.js";
import "./duplicates.js";
import "./same.js";
import "./files.js";
import "./hashes.js";
import "./board.js";
import "./leaving.js";
