// Shadowed: the catalog's file of the same name is found first.
window.sampleShared = "uploads";
