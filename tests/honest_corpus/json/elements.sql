-- passes: JSON as it is used: elements

SELECT jsonb_array_elements('[1, [2], {"a": 3}]')
