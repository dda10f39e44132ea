select stock.fulfil_batch(50) = 0 as is_idle \gset
\if :is_idle
\sleep 2 ms
\endif
