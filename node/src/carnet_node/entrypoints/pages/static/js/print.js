// The print dialogue opens when somebody asks for it.

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
