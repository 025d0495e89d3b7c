const wrong = new URLSearchParams(location.search).has("wrong");
document.getElementById("wrong").hidden = !wrong;
document.querySelector("input[type=password]").setAttribute("aria-invalid", String(wrong));
