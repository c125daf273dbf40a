document.documentElement.dataset.parlor = '1';
