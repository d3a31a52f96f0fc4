function e(e){return e.map(e=>e.map(t).join(`,`)).join(`\r
`)+`\r
`}function t(e){let t=e==null?``:typeof e==`object`?JSON.stringify(e):String(e);return typeof e==`string`&&/^[=+\-@\t]/.test(t)&&Number.isNaN(Number(t))&&(t=`'${t}`),/[",\r\n]/.test(t)?`"${t.replaceAll(`"`,`""`)}"`:t}function n(e){let t=e.replace(/^\uFEFF/,``),n=t.split(/\r?\n/,1)[0]??``,r=[`,`,`;`,`	`].reduce((e,t)=>n.split(t).length>n.split(e).length?t:e),i=[],a=[],o=``,s=!1;for(let e=0;e<t.length;e+=1){let n=t.charAt(e);s?n===`"`?t.charAt(e+1)===`"`?(o+=`"`,e+=1):s=!1:o+=n:n===`"`&&o===``?s=!0:n===r?(a.push(o),o=``):n===`
`||n===`\r`?(n===`\r`&&t.charAt(e+1)===`
`&&(e+=1),a.push(o),i.push(a),a=[],o=``):o+=n}return(o!==``||a.length>0)&&i.push([...a,o]),i.filter(e=>e.some(e=>e!==``))}export{e as n,n as t};