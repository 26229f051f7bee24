window.sampleShared = "catalog";
//# sourceMappingURL=shared.js.map
