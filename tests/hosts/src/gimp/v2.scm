; GIMP 2.10: a procedure gives a list of its results; several of a kind are their number and a vector.
(define (value result) (car result))
(define (several result) (vector->list (cadr result)))
; The results of a procedure of a plug-in.
(define (results-of result) (if (equal? result '(#t)) '() result))

(define (write-png image layer path) (file-png-save RUN-NONINTERACTIVE image layer path path 0 9 0 0 0 0 0))
(define (save-xcf image path) (gimp-xcf-save 0 image (active-layer image) path path))
(define (read-picture path) (gimp-file-load RUN-NONINTERACTIVE path path))
(define (images) (several (gimp-image-list)))
(define (active-layer image) (value (gimp-image-get-active-layer image)))
(define (choose-layer image layer) (gimp-image-set-active-layer image layer))
(define (new-layer image name width height) (value (gimp-layer-new image width height RGBA-IMAGE name 100 LAYER-MODE-NORMAL)))
(define (new-group image name)
  (let ((group (value (gimp-layer-group-new image))))
    (gimp-item-set-name group name)
    group))
(define no-parent 0)
(define (layers-in group) (several (gimp-item-get-children group)))
(define (offsets drawable) (gimp-drawable-offsets drawable))
(define (width-of drawable) (value (gimp-drawable-width drawable)))
(define (height-of drawable) (value (gimp-drawable-height drawable)))
(define (image-width image) (value (gimp-image-width image)))
(define (image-height image) (value (gimp-image-height image)))
(define (selection-empty? image) (= (value (gimp-selection-is-empty image)) TRUE))
; The channels of a pixel, as a list.
(define (pixel drawable x y) (vector->list (cadr (gimp-drawable-get-pixel drawable x y))))
; The corners are x, y, x, y …
(define (select-polygon image corners) (gimp-image-select-polygon image CHANNEL-OP-REPLACE (length corners) (list->vector corners)))
