/* A page that shows a report: its bytes, and a viewer that needs nothing else. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"

static const char HEAD[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
    "<title>Carnet audit report</title>\n<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}\n"
    "ol{list-style:none;padding-left:1.2rem;border-left:3px solid #456}\n"
    "li{margin:0 0 1rem}li b{display:inline-block;min-width:8rem}\n"
    "code,pre{font-size:12px;overflow-wrap:anywhere;white-space:pre-wrap;color:#345}\n"
    "li.refused b,li.failed b,li.revoked b{color:#a22}li.complete b{color:#270}\n"
    "</style></head><body>\n<button id=\"lang\">中文</button>\n<main id=\"view\"></main>\n"
    "<script type=\"application/json\" id=\"report\">";

static const char TAIL[] =
    "</script>\n<script>\n'use strict';\n"
    "const body=JSON.parse(document.getElementById('report').textContent).body;\n"
    "const words={en:{title:'Audit report',space:'Space',height:'Height',by:'Reporter',\n"
    "note:'This page shows the report; it proves nothing by itself. Check it with: "
    "carnet audit verify FILE --genesis GENESIS',rest:'rests on'},\n"
    "zh:{title:'审计报告',space:'空间',height:'高度',by:'报告人',\n"
    "note:'本页仅供阅读,本身不构成证明。请核验:carnet audit verify FILE --genesis GENESIS',"
    "rest:'依据'}};\n"
    "let lang=(navigator.language||'en').startsWith('zh')?'zh':'en';\n"
    "function add(parent,tag,text){const e=document.createElement(tag);\n"
    "if(text!==undefined)e.textContent=text;parent.append(e);return e;}\n"
    "function show(){const w=words[lang],v=document.getElementById('view');v.textContent='';\n"
    "document.documentElement.lang=lang;\n"
    "document.getElementById('lang').textContent=lang==='en'?'中文':'English';\n"
    "add(v,'h1',w.title);add(v,'p',w.note);\n"
    "for(const [k,x] of [[w.space,body.space],[w.height,body.height+' · '+body.made],\n"
    "[w.by,body.reporter.did]]){const p=add(v,'p',k+': ');add(p,'code',x);}\n"
    "const list=add(v,'ol');\n"
    "for(const s of body.statements){const li=add(list,'li');li.className=s.kind;\n"
    "add(li,'b',s.kind);add(li,'span',s.time+' · '+s.height);add(li,'div',s.text[lang]);\n"
    "const d=add(li,'details');add(d,'summary',w.rest+' '+s.tx.length);\n"
    "add(d,'pre',JSON.stringify({tx:s.tx,values:s.values},null,1));}}\n"
    "document.getElementById('lang').onclick=()=>{lang=lang==='en'?'zh':'en';show();};\nshow();\n"
    "</script>\n</body></html>\n";

enum err audit_html(struct bytes report, char **out, size_t *len)
{
    for (size_t i = 0; i + 1 < report.len; i++) {
        if (report.ptr[i] == '<' && report.ptr[i + 1] == '/') {
            return ERR_ENCODING; /* it would end the script early */
        }
    }
    size_t cap = sizeof HEAD + report.len + sizeof TAIL;
    uint8_t *room = malloc(cap);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(room, cap);
    buf_put(&b, bytes_of_str(HEAD));
    buf_put(&b, report);
    buf_put(&b, bytes_of_str(TAIL));
    buf_put_u8(&b, 0);
    ASSERT(buf_done(&b) == ERR_NONE);
    *out = (char *)room;
    *len = b.len - 1;
    return ERR_NONE;
}
