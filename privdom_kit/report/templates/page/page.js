document.querySelectorAll(".contents-phone a").forEach(function (link) {
  link.addEventListener("click", function () { link.closest("details").open = false; });
});
