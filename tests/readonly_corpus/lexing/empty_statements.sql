-- refused: empty statements before and behind
-- from: R13

;;; INSERT INTO public.victim VALUES (1) ;;;
