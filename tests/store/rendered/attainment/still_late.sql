-- with {"columns": []}
SELECT count()
FROM open_clocks FINAL
WHERE verdict = 'breached'


-- with {"columns": ["flow"]}
SELECT count()
FROM open_clocks FINAL
WHERE verdict = 'breached'
    AND flow = {flow:String}


-- with {"columns": ["sla"]}
SELECT count()
FROM open_clocks FINAL
WHERE verdict = 'breached'
    AND sla = {sla:String}


-- with {"columns": ["flow", "sla"]}
SELECT count()
FROM open_clocks FINAL
WHERE verdict = 'breached'
    AND flow = {flow:String}
    AND sla = {sla:String}


