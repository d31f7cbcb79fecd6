// A page that shows something going on is loaded anew every second until it has ended.

if (document.querySelector("[data-refresh]")) setTimeout(() => location.reload(), 1000);
