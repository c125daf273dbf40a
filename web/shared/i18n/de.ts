export default { hi: 'hallo' };
