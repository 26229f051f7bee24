console.log("news");
